#include "thread.h"

static _Thread_local int kept;

void aj_thread_keep(void) { kept = 1; }
int aj_thread_kept(void) { return kept; }
