//! Working days of England and Wales: Monday to Friday without bank holidays.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, Timelike, Utc, Weekday};
use serde::Deserialize;

use super::error::ClockError;
use super::london;

static ENGLAND_AND_WALES: LazyLock<BankHolidays> = LazyLock::new(compiled_in);

#[expect(
    clippy::expect_used,
    reason = "the file is compiled in and a test reads it, so it cannot fail at run time"
)]
fn compiled_in() -> BankHolidays {
    BankHolidays::from_toml(include_str!("bank_holidays.toml")).expect("the compiled-in bank holidays are well-formed")
}

/// What makes a day a holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolidaySource {
    /// Banking and Financial Dealings Act 1971, Schedule 1.
    #[serde(rename = "schedule_1")]
    Schedule1,
    /// A royal proclamation under s. 1(2) or (3) of that Act.
    Proclamation,
    /// Common law: Good Friday and Christmas Day.
    CommonLaw,
}

/// One bank holiday.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankHoliday {
    /// The day itself; the substitute day where there is one.
    pub date: NaiveDate,
    /// What it is called.
    pub name: String,
    /// What makes it a holiday.
    pub under: HolidaySource,
}

/// A dated table of bank holidays. Outside its years nothing is assumed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankHolidays {
    /// First year the table holds.
    pub first_year: i32,
    /// Last year the table holds.
    pub last_year: i32,
    /// Last year whose days the Government has published; later ones are computed.
    pub published_through: i32,
    /// Every holiday, in order of date.
    #[serde(rename = "holiday")]
    pub holidays: Vec<BankHoliday>,
}

impl BankHolidays {
    /// The table for England and Wales that this build carries.
    #[must_use]
    pub fn england_and_wales() -> &'static Self {
        &ENGLAND_AND_WALES
    }

    fn from_toml(text: &str) -> Result<Self, toml::de::Error> {
        let mut table: Self = toml::from_str(text)?;
        table.holidays.sort_by_key(|holiday| holiday.date);
        Ok(table)
    }

    /// Whether `date` is Monday to Friday and no bank holiday.
    ///
    /// # Errors
    /// [`ClockError::BankHolidaysUnknown`] outside the table's years.
    pub fn is_working_day(&self, date: NaiveDate) -> Result<bool, ClockError> {
        if !(self.first_year..=self.last_year).contains(&date.year()) {
            return Err(ClockError::BankHolidaysUnknown {
                year: date.year(),
                first_year: self.first_year,
                last_year: self.last_year,
            });
        }
        let weekend = matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        Ok(!weekend && !self.is_holiday(date))
    }

    /// The `n`-th working day after `date`; `date` itself for 0.
    ///
    /// # Errors
    /// [`ClockError::BankHolidaysUnknown`] outside the table's years.
    pub fn add_working_days(&self, date: NaiveDate, n: u32) -> Result<NaiveDate, ClockError> {
        let mut day = date;
        for _ in 0..n {
            day = self.next_working_day(day)?;
        }
        Ok(day)
    }

    /// How many working days lie after `from`, up to and including `to`.
    ///
    /// # Errors
    /// [`ClockError::BankHolidaysUnknown`] outside the table's years.
    pub fn working_days_between(&self, from: NaiveDate, to: NaiveDate) -> Result<u32, ClockError> {
        let mut count = 0;
        let mut day = from;
        while day < to {
            day = day.succ_opt().ok_or(ClockError::DateOutOfRange)?;
            count += u32::from(self.is_working_day(day)?);
        }
        Ok(count)
    }

    /// The working day that something done at `at` counts as done on: the same
    /// day up to and including the second of `closes`, else the next working day.
    ///
    /// # Errors
    /// [`ClockError::BankHolidaysUnknown`] outside the table's years.
    pub fn day_of_receipt(&self, at: DateTime<Utc>, closes: NaiveTime) -> Result<NaiveDate, ClockError> {
        let local = london::local(at)?;
        let second = local.time().num_seconds_from_midnight();
        let in_time = second <= closes.num_seconds_from_midnight();
        if in_time && self.is_working_day(local.date())? {
            Ok(local.date())
        } else {
            self.next_working_day(local.date())
        }
    }

    fn next_working_day(&self, date: NaiveDate) -> Result<NaiveDate, ClockError> {
        let mut day = date;
        loop {
            day = day.succ_opt().ok_or(ClockError::DateOutOfRange)?;
            if self.is_working_day(day)? {
                return Ok(day);
            }
        }
    }

    fn is_holiday(&self, date: NaiveDate) -> bool {
        self.holidays
            .binary_search_by_key(&date, |holiday| holiday.date)
            .is_ok()
    }
}
