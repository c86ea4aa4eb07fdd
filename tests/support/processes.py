"""Other processes, by what /proc says of them."""
import os


def children(pid, word):
    """Process ids of those that it started and whose command line has this word."""
    out = []
    for other in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{other}/stat", encoding="ascii", errors="replace") as file:
                parent = int(file.read().rpartition(")")[2].split()[1])
            if parent != pid:  # to read a stranger's command line can block for as long as that gets no processor
                continue
            with open(f"/proc/{other}/cmdline", "rb") as file:
                if word in file.read().decode(errors="replace").split("\0"):
                    out.append(int(other))
        except (OSError, IndexError):
            continue
    return out
