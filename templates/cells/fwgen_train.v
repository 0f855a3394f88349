// SPDX-License-Identifier: Apache-2.0
//
// Hands out CYCLES vectors, one a cycle: data_o shows, in the n-th cycle after one with load_i
// (n from 1), the n-th vector of that cycle's data_i. Latency: 1. Data is never reset.
`default_nettype none

module fwgen_train #(
    parameter integer WIDTH  = 8,  // bits of a vector, at least 1
    parameter integer CYCLES = 2   // at least 2
) (
    input  wire                    clk_i,
    input  wire                    load_i,
    input  wire [CYCLES*WIDTH-1:0] data_i,
    output wire [WIDTH-1:0]        data_o
);
    generate
        if (CYCLES < 2 || WIDTH < 1) begin : g_check
            fwgen_train_needs_at_least_two_vectors_and_one_bit stop_elaboration ();
        end
    endgenerate

    reg [CYCLES*WIDTH-1:0] left_q;

    always @(posedge clk_i) begin
        if (load_i) left_q <= data_i;
        else left_q <= {{WIDTH{1'b0}}, left_q[CYCLES*WIDTH-1:WIDTH]};
    end

    assign data_o = left_q[WIDTH-1:0];
endmodule

`default_nettype wire
