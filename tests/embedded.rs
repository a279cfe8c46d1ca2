//! The service on the PostgreSQL that it brings, started, stopped and killed as by
//! whoever types `make run`.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where and stop")]

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use diesel::QueryableByName;
use diesel::sql_types::Text;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid, User};
use serde_json::Value;
use tempfile::TempDir;
use wardlink::db::embedded::{self, Durability, Settings};

/// How long anything may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(180);
const PROGRAM: &str = env!("CARGO_BIN_EXE_wardlink");

/// Says on the terminal, and not only to who asks, that a test was not run.
fn skip(why: &str) {
    let told = format!("not run: {why}\n");
    io::stderr().write_all(told.as_bytes()).unwrap();
}

/// A folder of that name to start in, which every account may enter.
struct Folder {
    path: PathBuf,
    _home: TempDir,
}

impl Folder {
    fn new(name: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join(name);
        fs::create_dir(&path).unwrap();
        for folder in [home.path(), path.as_path()] {
            fs::set_permissions(folder, Permissions::from_mode(0o755)).unwrap();
        }
        Self { path, _home: home }
    }
}

/// The program in that folder, without what the environment says of it.
fn wardlink(program: &Path, folder: &Folder) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.as_encoded_bytes().starts_with(b"WARDLINK_") {
            command.env_remove(name);
        }
    }
    command
        .current_dir(&folder.path)
        .env_remove("DATABASE_URL")
        .env_remove("RUST_LOG")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// What `make run` runs, in that folder, at an address that is free.
fn demo(program: &Path, folder: &Folder) -> Command {
    let mut command = wardlink(program, folder);
    command.args(["demo", "--serve"]).env("WARDLINK_LISTEN", "127.0.0.1:0");
    command
}

/// What is said of the log in that folder.
fn verify(folder: &Folder) -> Output {
    let mut command = wardlink(Path::new(PROGRAM), folder);
    command.args(["audit", "verify"]).output().unwrap()
}

/// What a process says, line by line.
struct Lines {
    coming: Receiver<String>,
    said: Vec<String>,
}

impl Lines {
    fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, coming) = mpsc::channel();
        thread::spawn(move || {
            let lines = BufReader::new(stream).lines().map_while(Result::ok);
            lines.map(|line| sender.send(line)).all(|sent| sent.is_ok())
        });
        Self {
            coming,
            said: Vec::new(),
        }
    }

    /// The next line, or none if there is no more.
    #[track_caller]
    fn next(&mut self, deadline: Instant) -> Option<&str> {
        let left = deadline.saturating_duration_since(Instant::now());
        match self.coming.recv_timeout(left) {
            Ok(line) => self.said.push(line),
            Err(RecvTimeoutError::Disconnected) => return None,
            Err(RecvTimeoutError::Timeout) => panic!("it takes too long: {:#?}", self.said),
        }
        self.said.last().map(String::as_str)
    }

    /// The line, when it comes, that has these words in it.
    #[track_caller]
    fn until(&mut self, words: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        while let Some(line) = self.next(deadline) {
            if line.contains(words) {
                return line.to_owned();
            }
        }
        panic!("it ended without {words:?}: {:#?}", self.said)
    }

    #[track_caller]
    fn until_the_end(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while self.next(deadline).is_some() {}
    }
}

/// A service that was started. It is killed where a test does not come to its end.
struct Service {
    process: Child,
    printed: Lines,
    logged: Lines,
}

impl Drop for Service {
    fn drop(&mut self) {
        // Most have ended by now.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Service {
    fn start(mut command: Command) -> Self {
        let mut process = command.spawn().unwrap();
        Self {
            printed: Lines::of(process.stdout.take().unwrap()),
            logged: Lines::of(process.stderr.take().unwrap()),
            process,
        }
    }

    /// Starts in that folder, and waits until it serves.
    fn serving(folder: &Folder) -> (Self, Server) {
        let mut service = Self::start(demo(Path::new(PROGRAM), folder));
        let server = service.serves();
        (service, server)
    }

    /// Waits until it serves, and finds its PostgreSQL.
    fn serves(&mut self) -> Server {
        let ready = self.logged.until("embedded PostgreSQL is ready");
        let ready: Value = serde_json::from_str(&ready).unwrap();
        self.logged.until("serving on http://");
        self.printed.until("/v1/tasks?direction=outgoing");
        let folder = |name: &str| PathBuf::from(ready["fields"][name].as_str().unwrap());
        Server::of(folder("data"), folder("socket"))
    }

    /// Runs the lines that it printed to try, and gives back what they answered.
    fn try_what_is_printed(&self) -> Vec<Value> {
        let printed = self.printed.said.iter().map(|line| line.trim());
        let lines: Vec<&str> = printed
            .filter(|line| line.starts_with("TOKEN=$(curl") || line.starts_with("curl"))
            .collect();
        assert_eq!(lines.len(), 3, "{lines:#?}");
        // As they stand, but that the status of each is told beside.
        let aside = r#"curl() { command curl --max-time 60 -w '%{stderr}%{http_code}\n' "$@"; }"#;
        let script = format!("{aside}\n{}", lines.join("\n"));
        let tried = Command::new("sh").args(["-c", &script]).output().unwrap();
        let statuses = String::from_utf8(tried.stderr).unwrap();
        let answers = String::from_utf8(tried.stdout).unwrap();
        assert_eq!(statuses, "200\n200\n200\n", "{answers}");
        let answers = serde_json::Deserializer::from_str(&answers).into_iter::<Value>();
        answers.map(Result::unwrap).collect()
    }

    fn send(&self, signal: Signal) {
        kill(Pid::from_raw(self.process.id().cast_signed()), signal).unwrap();
    }

    /// Waits until it ends.
    #[track_caller]
    fn ends(&mut self) -> ExitStatus {
        self.logged.until_the_end();
        self.printed.until_the_end();
        self.process.wait().unwrap()
    }

    /// As by Ctrl-C: it ends well, and its PostgreSQL before it.
    #[track_caller]
    fn stops(mut self, server: &Server) {
        self.send(Signal::SIGINT);
        let ended = self.ends();
        assert_eq!(ended.code(), Some(0), "{:#?}", self.logged.said);
        assert!(server.is_gone(), "{:?} is left", server.processes);
        let log = server.log();
        assert!(log.trim_end().ends_with("database system is shut down"), "{log}");
        assert!(!log.contains("not properly shut down"), "{log}");
    }
}

/// A process, told from a later one of the same id by when it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Process {
    id: u32,
    started: u64,
    parent: u32,
    group: u32,
}

impl Process {
    /// One that has not ended: what nobody has waited for yet has.
    fn find(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name before the parenthesis may be anything (proc_pid_stat(5)).
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        (fields[0] != "Z").then(|| Self {
            id,
            started: fields[19].parse().unwrap(),
            parent: fields[1].parse().unwrap(),
            group: fields[2].parse().unwrap(),
        })
    }

    fn all() -> Vec<Self> {
        let names = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
        let ids = names.filter_map(|name| name.to_str()?.parse().ok());
        ids.filter_map(Self::find).collect()
    }

    fn is_there(self) -> bool {
        Self::find(self.id).is_some_and(|found| found.started == self.started)
    }
}

/// The PostgreSQL of a service.
struct Server {
    data: PathBuf,
    socket: PathBuf,
    /// The first is the one that the service started.
    processes: Vec<Process>,
}

impl Server {
    fn of(data: PathBuf, socket: PathBuf) -> Self {
        let recorded = fs::read_to_string(data.join("cluster/postmaster.pid")).unwrap();
        let first: u32 = recorded.lines().next().unwrap().trim().parse().unwrap();
        let mut processes = vec![Process::find(first).unwrap()];
        processes.extend(Process::all().into_iter().filter(|process| process.parent == first));
        assert!(processes.len() > 3, "a server and its helpers: {processes:?}");
        Self {
            data,
            socket,
            processes,
        }
    }

    /// Whether none of its processes is left: neither those that were seen, nor any of
    /// later, which would hold its lock.
    fn is_gone(&self) -> bool {
        let lock = File::open(self.data.join("server.lock")).unwrap();
        !self.processes.iter().any(|process| process.is_there()) && lock.try_lock().is_ok()
    }

    /// Waits until it has ended by itself.
    #[track_caller]
    fn goes(&self) {
        let deadline = Instant::now() + PATIENCE;
        while !self.is_gone() {
            assert!(Instant::now() < deadline, "{:?} is left", self.processes);
            thread::yield_now();
        }
    }

    fn log(&self) -> String {
        fs::read_to_string(self.data.join("log/postgres.log")).unwrap()
    }

    /// The account it runs as.
    fn account(&self) -> u32 {
        fs::metadata(format!("/proc/{}", self.processes[0].id)).unwrap().uid()
    }
}

/// The references of the cases that are listed by the lines that are printed, in no order
/// but theirs.
fn cases_in(answers: &[Value]) -> Vec<&str> {
    let [cases, tasks] = answers else { panic!("{answers:?}") };
    assert!(!tasks["items"].as_array().unwrap().is_empty());
    let cases = cases["items"].as_array().unwrap().iter();
    let mut cases: Vec<&str> = cases.map(|case| case["ref"].as_str().unwrap()).collect();
    assert!(!cases.is_empty());
    cases.sort_unstable();
    cases
}

#[test]
fn ctrl_c_stops_both_servers_and_the_next_start_serves_what_was_there() {
    let folder = Folder::new("a folder with spaces");
    let (service, server) = Service::serving(&folder);
    let group = Process::find(service.process.id()).unwrap().group;
    assert_ne!(
        server.processes[0].group, group,
        "a terminal's Ctrl-C is for the service alone"
    );
    let first = service.try_what_is_printed();
    service.stops(&server);

    let (service, server) = Service::serving(&folder);

    let second = service.try_what_is_printed();
    assert_eq!(cases_in(&first), cases_in(&second));
    service.stops(&server);
}

#[test]
fn a_service_that_is_killed_leaves_no_server_behind_and_starts_again() {
    // Longer than a socket's path may be, and with what separates two of them.
    let folder = Folder::new(&format!("a,b{}", "-and-on".repeat(20)));
    let (mut service, server) = Service::serving(&folder);
    assert!(!server.socket.starts_with(&folder.path), "{:?}", server.socket);

    service.send(Signal::SIGKILL);

    assert_eq!(service.ends().code(), None);
    server.goes();
    let (service, server) = Service::serving(&folder);
    service.try_what_is_printed();
    service.stops(&server);
    assert!(!server.socket.exists(), "{:?} is left", server.socket);
}

#[test]
fn a_second_start_says_what_is_in_its_way_and_harms_nothing() {
    let folder = Folder::new("twice");
    let (service, server) = Service::serving(&folder);
    let serving = service
        .printed
        .said
        .iter()
        .find_map(|line| line.split_once(" on http://"));
    let (_, address) = serving.unwrap();

    let mut same_data = Service::start(demo(Path::new(PROGRAM), &folder));
    let said = same_data.logged.until("is already in use by wardlink process");
    assert_eq!(same_data.ends().code(), Some(1));
    let mut same_address = demo(Path::new(PROGRAM), &folder);
    same_address.env("WARDLINK_LISTEN", address);
    let mut same_address = Service::start(same_address);
    same_address.logged.until(&format!("cannot listen on {address}"));
    assert_eq!(same_address.ends().code(), Some(1));

    let first = format!("wardlink process {}; stop that one first", service.process.id());
    assert!(said.contains(&first), "{said}");
    assert!(said.contains(server.data.to_str().unwrap()), "{said}");
    assert!(server.processes[0].is_there());
    service.try_what_is_printed();
    service.stops(&server);
}

#[test]
fn an_ordinary_user_starts_it_in_a_folder_of_their_own() {
    if !Uid::effective().is_root() {
        return skip("whoever runs the tests is an ordinary user already");
    }
    let Some(nobody) = User::from_name("nobody").unwrap() else {
        return skip("this machine has no ordinary user `nobody`");
    };
    let folder = Folder::new("ordinary");
    let (uid, gid) = (nobody.uid.as_raw(), nobody.gid.as_raw());
    chown(&folder.path, Some(uid), Some(gid)).unwrap();
    // Where the tests were built may be closed to others.
    let program = folder.path.join("wardlink");
    fs::copy(PROGRAM, &program).unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o755)).unwrap();
    let mut command = demo(&program, &folder);
    command.uid(uid).gid(gid);

    let mut service = Service::start(command);
    let server = service.serves();

    assert_eq!(server.account(), uid);
    assert!(server.data.starts_with(folder.path.canonicalize().unwrap()));
    service.try_what_is_printed();
    service.stops(&server);
}

/// Deletes what was kept outside of a test's folder.
struct Elsewhere(PathBuf);

impl Drop for Elsewhere {
    fn drop(&mut self) {
        // What cannot be deleted is left; the test has said what it had to.
        let _ = fs::remove_dir_all(&self.0);
    }
}

#[test]
fn root_starts_it_in_a_folder_that_is_closed_to_the_servers_account() {
    if !Uid::effective().is_root() {
        return skip("only root starts PostgreSQL under another account");
    }
    let folder = Folder::new("closed");
    fs::set_permissions(&folder.path, Permissions::from_mode(0o700)).unwrap();

    let (service, server) = Service::serving(&folder);

    assert!(server.data.starts_with("/var/lib/wardlink"), "{:?}", server.data);
    let _elsewhere = Elsewhere(server.data.clone());
    assert_ne!(server.account(), 0);
    service.try_what_is_printed();
    service.stops(&server);
}

/// What a database answers to a query for one text, `told`.
#[expect(clippy::disallowed_methods, reason = "a test looks at the server")]
fn ask(url: &str, query: &str) -> String {
    #[derive(QueryableByName)]
    struct Answer {
        #[diesel(sql_type = Text)]
        told: String,
    }
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(async {
        let mut connection = AsyncPgConnection::establish(url).await.unwrap();
        let answer: Answer = diesel::sql_query(query).get_result(&mut connection).await.unwrap();
        answer.told
    })
}

/// Waits until all that was logged is sealed.
#[track_caller]
fn seals_all(server: &Server) {
    let url = format!(
        "host='{}' user='{}' dbname='wardlink'",
        server.socket.display(),
        embedded::ADMIN
    );
    let query = "select ((select count(*) from wardlink.audit_events) = size)::text as told from wardlink.sealing";
    let deadline = Instant::now() + PATIENCE;
    while ask(&url, query) != "true" {
        assert!(Instant::now() < deadline, "it is not sealed");
    }
}

/// Where the log is among the files of a server that has been stopped. It is started once more
/// to be asked.
fn file_of_the_log(server: &Server) -> PathBuf {
    let settings = Settings {
        data_dir: server.data.clone(),
        durability: Durability::Durable,
    };
    let postgres = embedded::start(&settings).unwrap();
    let query = "select pg_relation_filepath('wardlink.audit_events') as told";
    let path = ask(&postgres.url("wardlink", embedded::ADMIN), query);
    postgres.stop().unwrap();
    server.data.join("cluster").join(path)
}

/// Changes a byte of the first such word in a file.
fn flip(file: &Path, word: &[u8]) {
    let mut bytes = fs::read(file).unwrap();
    let mut places = bytes.windows(word.len());
    let at = places.position(|it| it == word).unwrap();
    bytes[at + word.len() - 1] ^= 1;
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_byte_changed_in_the_file_of_the_log_is_found_by_its_checksum_and_without_it() {
    let folder = Folder::new("flipped");
    let (service, server) = Service::serving(&folder);
    seals_all(&server);
    service.stops(&server);
    let file = file_of_the_log(&server);
    let whole = verify(&folder);

    flip(&file, b"transition_case");
    let by_checksum = verify(&folder);
    // Whoever can write there can have checksums passed over, or make them fit.
    let settings = server.data.join("cluster/postgresql.auto.conf");
    let mut settings = OpenOptions::new().append(true).open(settings).unwrap();
    settings.write_all(b"ignore_checksum_failure = on\n").unwrap();
    let by_hash = verify(&folder);

    let told = String::from_utf8(whole.stdout).unwrap();
    assert!(whole.status.success() && told.contains("whole: "), "{told}");
    assert!(!by_checksum.status.success(), "{by_checksum:?}");
    let log = server.log();
    assert!(log.contains("invalid page in block"), "{log}");
    let told = String::from_utf8(by_hash.stdout).unwrap();
    assert!(!by_hash.status.success(), "{told}");
    assert!(told.contains("the event is not what was sealed"), "{told}");
}
