// SPDX-License-Identifier: Apache-2.0
//
// What an event left behind is 0 for the next one: data_o is data_i, but 0 in the cycle with
// first_i. Latency: 0.
`default_nettype none

module fwgen_restart #(
    parameter integer WIDTH = 8  // bits, at least 1
) (
    input  wire             first_i,
    input  wire [WIDTH-1:0] data_i,
    output wire [WIDTH-1:0] data_o
);
    generate
        if (WIDTH < 1) begin : g_check
            fwgen_restart_needs_at_least_one_bit stop_elaboration ();
        end
    endgenerate

    assign data_o = first_i ? {WIDTH{1'b0}} : data_i;
endmodule

`default_nettype wire
