"""The files of the source tree that the lint checks look at."""
import os
import subprocess

CODE = (".cpp", ".hpp", ".c", ".h")


def files(root, endings=None):
    """Tracked and new files below root, relative; without git, all but build/."""
    try:
        out = subprocess.run(
            ["git", "-C", root, "ls-files", "--cached", "--others", "--exclude-standard"],
            check=True, capture_output=True, text=True).stdout.split("\n")
        names = [n for n in out if n and os.path.exists(os.path.join(root, n))]
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, found in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", ".git", "__pycache__")]
            names += [os.path.relpath(os.path.join(folder, n), root) for n in found]
    return sorted(n for n in names if endings is None or n.endswith(endings))


def read(root, name):
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as file:
        return file.read()
