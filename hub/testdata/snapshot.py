"""Fetches a repository with the Python library (HF_ENDPOINT and HF_HUB_CACHE say from where to where).   python snapshot.py ORG/NAME REVISION"""
import sys

from huggingface_hub import snapshot_download

print(snapshot_download(sys.argv[1], revision=sys.argv[2]))
