// sleeper - waits for a signal. The smallest worker there is.
#include <unistd.h>

int main(void) { pause(); }
