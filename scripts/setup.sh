#!/bin/sh
# Make or repair .venv with everything that working on pgazure takes.
# Needs Python >= 3.11 and nothing else; PYTHON=... chooses the interpreter.
set -eu
cd "$(dirname "$0")/.."

venv=.venv
python=$venv/bin/python
stamp=$venv/.made-in
newest_known=3.14
oldest_allowed=3.11

fail() {
    printf 'setup: %s\n' "$@" >&2
    exit 1
}

# A name on the PATH proves nothing: version managers leave shims that only print an error.
runs() {
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

choose_interpreter() {
    if [ -n "${PYTHON:-}" ]; then
        runs "$PYTHON" || fail "PYTHON=$PYTHON does not run or is older than Python $oldest_allowed"
        printf '%s\n' "$PYTHON"
        return
    fi
    minor=${newest_known#3.}
    while [ "$minor" -ge "${oldest_allowed#3.}" ]; do
        if runs "python3.$minor"; then
            printf 'python3.%s\n' "$minor"
            return
        fi
        minor=$((minor - 1))
    done
    for candidate in python3 python; do
        if runs "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    fail "no Python >= $oldest_allowed found (looked for python$newest_known ... python$oldest_allowed, python3, python)" \
        "install one, or name it: make setup PYTHON=/path/to/python3"
}

make_venv() {
    interpreter=$1
    rm -rf "$venv"
    if "$interpreter" -m venv "$venv" >/dev/null 2>&1; then
        return
    fi
    # Debian and Ubuntu split ensurepip off into a package of its own; an
    # installed pip can fill an empty environment all the same.
    rm -rf "$venv"
    if ! "$interpreter" -m venv --without-pip "$venv"; then
        rm -rf "$venv"
        fail "$interpreter cannot make a virtual environment; on Debian or Ubuntu: apt-get install python3-venv"
    fi
    if ! "$interpreter" -m pip --python "$python" install --quiet pip; then
        rm -rf "$venv"
        fail "$interpreter has neither ensurepip nor a pip that can fill a virtual environment" \
            "on Debian or Ubuntu: apt-get install python3-venv"
    fi
}

for written in . "$venv"; do
    if [ -e "$written" ] && [ ! -w "$written" ]; then
        fail "$(pwd -P)/$written belongs to another user: remove it, or use a checkout of your own"
    fi
done

export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

# Kept as it is where it still works: another folder's scripts or a Python that is gone do not.
if ! { runs "$python" && "$python" -m pip --version >/dev/null 2>&1 && [ "$(cat "$stamp" 2>/dev/null || pwd -P)" = "$(pwd -P)" ]; }; then
    interpreter=$(choose_interpreter)
    printf 'setup: making %s with %s\n' "$venv" "$("$interpreter" --version 2>&1)"
    make_venv "$interpreter"
fi
rm -f "$stamp"

# Dependency groups are installed by pip 25.1 and later.
"$python" -m pip install --quiet 'pip>=25.1'
printf 'setup: installing pgazure and its tools\n'
"$python" -m pip install --quiet --editable '.[all]' --group dev --group docs
pwd -P >"$stamp"
