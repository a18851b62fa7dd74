// Opening the shim.
#include <stdint.h>

// aj_open opens the library and checks that its table is the one this program was compiled for. It returns null or an
// error text to be freed with free(). torch_version is set whenever the table could be read.
char* aj_open(const char* path, int64_t* abi, const char** torch_version);
