#!/bin/sh
# Sees to what building and running Wardlink needs, and installs what is
# missing on Debian and Ubuntu. Says nothing and changes nothing when all is there.
set -eu

oldest_postgres=15

# PostgreSQL's server programs, where the embedded server looks for them too.
has_postgres() {
    for folder in /usr/lib/postgresql/*/bin; do
        major=${folder#/usr/lib/postgresql/}
        major=${major%/bin}
        [ -x "$folder/initdb" ] && [ "$major" -ge "$oldest_postgres" ] 2>/dev/null && return 0
    done
    program=$(command -v postgres) || {
        folder=$(pg_config --bindir 2>/dev/null) && program=$folder/postgres
    }
    [ -x "${program:-}" ] || return 1
    version=$("$program" --version)       # postgres (PostgreSQL) 15.4 (…)
    version=${version#*) }
    [ "${version%%[!0-9]*}" -ge "$oldest_postgres" ] 2>/dev/null
}

has() {
    command -v "$1" >/dev/null 2>&1
}

# Prints the Debian packages that are missing, one word each.
missing_packages() {
    # A server elsewhere needs none here.
    if [ -z "${DATABASE_URL:-}" ]; then
        has_postgres || echo postgresql
        has setpriv || echo util-linux
    fi
    has cc || echo gcc libc6-dev
    has make || echo make
    has curl || echo curl
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    else
        sudo "$@"
    fi
}

give_up() {
    cat >&2 <<END
Wardlink needs on this machine:
  - PostgreSQL $oldest_postgres or newer, server programs (initdb, postgres); they need not run.
    Or set DATABASE_URL to a server elsewhere.
  - setpriv (util-linux), a C compiler with the C library's headers, make, curl
$1
END
    exit 1
}

install_packages() {
    has apt-get ||
        give_up "Missing, by their Debian names: $*. Please install them with this system's package manager."
    [ "$(id -u)" -eq 0 ] || has sudo ||
        give_up "Please run as root: apt-get install $*"
    echo "wardlink: installing $*" >&2

    # Debian starts a cluster on port 5432 with the package unless told not to;
    # what Wardlink runs is its own. The setting is taken back afterwards.
    no_cluster=/etc/postgresql-common/createcluster.d/wardlink.conf
    as_root mkdir -p "${no_cluster%/*}"
    echo 'create_main_cluster = false' | as_root tee "$no_cluster" >/dev/null
    status=0
    as_root apt-get update -qq >&2 || status=$?
    as_root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends "$@" >&2 || status=$?
    as_root rm -f "$no_cluster"
    as_root rmdir "${no_cluster%/*}" 2>/dev/null || true
    return "$status"
}

missing=$(missing_packages)
if [ -n "$missing" ]; then
    # Split into words: package names have no spaces.
    # shellcheck disable=SC2086
    install_packages $missing || true
    missing=$(missing_packages)
    if [ -n "$missing" ]; then
        # shellcheck disable=SC2086
        give_up "Still missing, by their Debian names: $(echo $missing). An older release has newer PostgreSQL at https://apt.postgresql.org"
    fi
fi

if ! has cargo && [ ! -x "${HOME:-}/.cargo/bin/cargo" ]; then
    echo "Wardlink needs cargo, of Rust 1.95 or newer: see https://rustup.rs" >&2
    exit 1
fi
