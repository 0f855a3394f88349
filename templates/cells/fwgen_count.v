// SPDX-License-Identifier: Apache-2.0
//
// Counts ones: count_o[n] is the number of cycles with bit_i[n] since, and including, the cycle
// with first_i. Latency: 1. Right from any power-up state, since first_i starts anew.
`default_nettype none

module fwgen_count #(
    parameter integer COUNTERS = 1,
    parameter integer WIDTH    = 4  // bits of each counter; the caller makes it wide enough
) (
    input  wire                      clk_i,
    input  wire                      first_i,
    input  wire [COUNTERS-1:0]       bit_i,
    output wire [COUNTERS*WIDTH-1:0] count_o
);
    genvar n;
    generate
        for (n = 0; n < COUNTERS; n = n + 1) begin : g_counter
            reg  [WIDTH-1:0] count_q;
            wire [WIDTH-1:0] start  = first_i ? {WIDTH{1'b0}} : count_q;
            wire [WIDTH:0]   sum    = {1'b0, start} + {{WIDTH{1'b0}}, bit_i[n]};
            wire             unused = sum[WIDTH];

            always @(posedge clk_i) count_q <= sum[WIDTH-1:0];

            assign count_o[n*WIDTH+:WIDTH] = count_q;
        end
    endgenerate
endmodule

`default_nettype wire
