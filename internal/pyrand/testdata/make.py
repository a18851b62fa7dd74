"""Writes python.json: what CPython's random and numpy's default_rng give for a few seeds.

    python make.py > python.json        (CPython 3.11, numpy 2.4; the generators have not changed for many versions)
"""
import json
import random

import numpy

twister = []
for seed, n in [(0, 7), (1, 2), (2, 1), (42, 12), (2024, 12), (-42, 12), (2**32, 33), (2**63 - 1, 100), (2**100 + 12345, 64), (7, 1500)]:
    r = random.Random(seed)
    draws = [r.getrandbits(32) for _ in range(700)]
    items = list(range(n))
    random.Random(seed).shuffle(items)
    twister.append({"seed": str(seed), "first": draws[:3], "at_699": draws[699], "shuffled": items})

pcg = []
for seed, n in [(0, 7), (1, 2), (2, 1), (42, 12), (2024, 12), (2**32, 33), (2**64 - 1, 100), (7, 1500)]:
    bits = numpy.random.default_rng(seed).bit_generator
    pcg.append({
        "seed": str(seed),
        "first": [f"{int(bits.random_raw()):016x}" for _ in range(3)],
        "permutation": [int(i) for i in numpy.random.default_rng(seed).permutation(n)],
    })

json.dump({"twister": twister, "pcg": pcg}, __import__("sys").stdout)
print()
