// Package hub finds models and data sets by name: "org/name" is a folder of
// this machine, else a repository in the cache that the Hugging Face libraries
// share, else a download into that cache.
//
// The cache is read and written as huggingface_hub 2.4 does (blobs, snapshots,
// refs, trees, locks), so that Python programs find what was downloaded here and
// the other way round. The same environment variables hold: HF_HOME,
// HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE.
//
// A download resumes where it broke off, in this process or a later one, and
// every file is checked against its hash before it gets its name.
package hub
