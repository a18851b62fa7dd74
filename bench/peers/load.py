"""transformers and bitsandbytes: a 16-bit checkpoint into NF4, on the CPU.

    python load.py MODEL
"""

import sys
import time

import torch

from nf4 import load_nf4, report

started = time.perf_counter()
load_nf4(sys.argv[1], torch.float32)
report("load", seconds=time.perf_counter() - started)
