// SPDX-License-Identifier: Apache-2.0
//
// Keeps a value: data_o shows, from the cycle after load_i on, the data_i of the load_i cycle.
// Latency: 1. Data is never reset.
`default_nettype none

module fwgen_hold #(
    parameter integer WIDTH = 8  // bits, at least 1
) (
    input  wire             clk_i,
    input  wire             load_i,
    input  wire [WIDTH-1:0] data_i,
    output wire [WIDTH-1:0] data_o
);
    generate
        if (WIDTH < 1) begin : g_check
            fwgen_hold_needs_at_least_one_bit stop_elaboration ();
        end
    endgenerate

    reg [WIDTH-1:0] data_q;

    always @(posedge clk_i) if (load_i) data_q <= data_i;

    assign data_o = data_q;
endmodule

`default_nettype wire
