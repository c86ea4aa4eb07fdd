"""The tools on the real driver: state, health, and networks that compute right numbers."""
import struct
import tempfile

import guest
import tool

guest.prepare()
UTIL = f"{tool.BIN}/qaic-util"
RUN = f"{tool.BIN}/qaic-run"

smoke = guest.run(UTIL, "-q", options=["--fail-on-warning"])
tool.equal(smoke.returncode, 0, f"qaic-util -q: {smoke.stderr[-800:]}")
tool.check("Status:Ready" in smoke.stdout.replace(" ", ""), f"the card is ready: {smoke.stdout[:600]}")

several = guest.run(UTIL, "list", options=["--cards", "4", "--iommu", "strict", "--fail-on-warning"])
tool.equal(several.returncode, 0, f"four cards behind a strict IOMMU: {several.stderr[-800:]}")
tool.equal(several.stdout.count("/dev/accel/accel"), 4, f"four nodes: {several.stdout}")

with tempfile.TemporaryDirectory() as folder:
    x = [i * 1001 - 77 for i in range(256)]
    y = [-5 * i for i in range(256)]
    for name, values in (("x", x), ("y", y), ("factor", [3])):
        with open(f"{folder}/{name}.raw", "wb") as file:
            file.write(struct.pack(f"<{len(values)}i", *values))
    digits = [RUN, f"{tool.BUILD}/networks/digits", "-i", f"images={tool.BUILD}/networks/digits/images.npy"]
    script = f"""set -e
{RUN} {tool.BUILD}/networks/scale-add -i 0={folder}/x.raw -i 1={folder}/y.raw -i 2={folder}/factor.raw \
  -s result={folder}/result.raw -n 20
{" ".join(digits)} -s logits={folder}/guest.npy"""
    networks = guest.run("sh", "-c", script, options=["--fail-on-warning"])
    tool.equal(networks.returncode, 0, f"networks run: {networks.stderr[-800:]}")
    with open(f"{folder}/result.raw", "rb") as file:
        got = list(struct.unpack("<256i", file.read()))
    tool.equal(got, [3 * a + b for a, b in zip(x, y)], "scale-add: result = factor * x + y")
    # The fast face's numbers are held against plain host computation elsewhere.
    fast = tool.simulated([*digits, "-s", f"logits={folder}/fast.npy"])
    tool.equal(fast.returncode, 0, f"digits on the fast face: {fast.stderr[-400:]}")
    with open(f"{folder}/guest.npy", "rb") as one, open(f"{folder}/fast.npy", "rb") as other:
        tool.check(one.read() == other.read(), "digits: the same numbers by the real driver and by its twin")

tool.end()
