"""Make the folder of vendored renderers anew from its manifest, with `npm pack`.

``python ci/renderers.py`` fetches each package at its exact version, checks it against
the integrity in the manifest, and writes its files, compressed the same way each time.
A module is made a script by the replacements in the manifest.
``python ci/renderers.py --update`` writes the integrity and digests of the versions in
the manifest instead of checking them: after a version was changed there.
"""

import argparse
import base64
import gzip
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[1]
FOLDER = TOP / "packages" / "bookstore-web" / "src" / "bookstore_web" / "renderers"
MANIFEST = FOLDER / "manifest.json"


def main() -> None:
    """Write the files of all packages; end with a sentence if one does not agree."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--update", action="store_true")
    is_update = parser.parse_args().update
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    for package in manifest["packages"]:
        make(package, is_update=is_update)
        print(f"{package['name']} {package['version']}")
    if is_update:
        MANIFEST.write_text(json.dumps(manifest, indent=2) + "\n", "utf-8")


def make(package: dict[str, Any], *, is_update: bool) -> None:
    """Fetch one package and write its files."""
    with tempfile.TemporaryDirectory() as folder:
        tarball = fetch(f"{package['name']}@{package['version']}", Path(folder))
        found = integrity_of(tarball)
        if is_update:
            package["integrity"] = found
        elif found != package["integrity"]:
            sys.exit(f"{package['name']} has the integrity {found}: not as expected.")
        for file in package["files"]:
            data = adapted(member(tarball, file["from"]), file.get("replace", []))
            digest = hashlib.sha256(data).hexdigest()
            if is_update:
                file["sha256"] = digest
            elif digest != file["sha256"]:
                sys.exit(f"{file['from']} of {package['name']} is not as expected.")
            write(FOLDER / file["file"], data)


def fetch(name: str, folder: Path) -> Path:
    """Return the package as npm packs it."""
    command = ["npm", "pack", name, "--silent", "--pack-destination", str(folder)]
    subprocess.run(  # noqa: S603  # the manifest names the packages
        command, check=True, stdout=subprocess.DEVNULL
    )
    (tarball,) = folder.glob("*.tgz")
    return tarball


def integrity_of(tarball: Path) -> str:
    """Return the digest of a package in npm's form."""
    digest = hashlib.sha512(tarball.read_bytes()).digest()
    return f"sha512-{base64.b64encode(digest).decode()}"


def member(tarball: Path, name: str) -> bytes:
    """Return a file of a package."""
    with tarfile.open(tarball) as archive:
        file = archive.extractfile(f"package/{name}")
        assert file is not None
        return file.read()


def adapted(data: bytes, replacements: list[list[str]]) -> bytes:
    """Return a file with each of the given texts replaced, which it has once."""
    for old, new in replacements:
        if data.count(old.encode()) != 1:
            sys.exit(f"Expected once: {old}")
        data = data.replace(old.encode(), new.encode())
    return data


def write(path: Path, data: bytes) -> None:
    """Write a file; one whose name ends in .gz compressed, without a time in it."""
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".gz":
        data = gzip.compress(data, 9, mtime=0)
    path.write_bytes(data)


if __name__ == "__main__":
    main()
