// Drives the module `bench` with one record of stdin a cycle, and writes what it shows in the cycle.
//
//   harness [+verilator+...]
//
// Records are 32-bit little-endian words, as many as the port has; both ports are wider than 64 bits.

#include <cstdio>

#include "Vbench.h"
#include "verilated.h"

int main(int argc, char** argv) {
    VerilatedContext context;
    context.commandArgs(argc, argv);
    Vbench bench{&context};
    bench.clk_i = 0;
    while (std::fread(&bench.given_i[0], sizeof bench.given_i, 1, stdin) == 1) {
        bench.eval();
        std::fwrite(&bench.shown_o[0], sizeof bench.shown_o, 1, stdout);
        bench.clk_i = 1;
        bench.eval();
        bench.clk_i = 0;
    }
    bench.final();
    return 0;
}
