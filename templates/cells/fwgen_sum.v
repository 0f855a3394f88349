// SPDX-License-Identifier: Apache-2.0
//
// A sum with a carry into its lowest bit, modulo 2**WIDTH: one carry chain. Synthesis knows this
// form; for Yosys, templates/synth/fwgen_sum.v stands in. Latency: 0.
`default_nettype none

module fwgen_sum #(
    parameter integer WIDTH = 8  // bits, at least 2
) (
    input  wire [WIDTH-1:0] a_i,
    input  wire [WIDTH-1:0] b_i,
    input  wire             carry_i,
    output wire [WIDTH-1:0] sum_o
);
    generate
        if (WIDTH < 2) begin : g_check
            fwgen_sum_needs_at_least_two_bits stop_elaboration ();
        end
    endgenerate

    assign sum_o = a_i + b_i + {{(WIDTH - 1){1'b0}}, carry_i};
endmodule

`default_nettype wire
