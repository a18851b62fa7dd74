// A mark on the calling system thread: it is one of those that package torch keeps for its jobs.
void aj_thread_keep(void);
int aj_thread_kept(void);
