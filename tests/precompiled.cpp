// Holds the precompiled headers that all test programs share (SLUICE_PRECOMPILE); never run.
int main() {}
