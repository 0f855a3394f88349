// SPDX-License-Identifier: Apache-2.0
//
// Shift register: data_o is data_i, CYCLES clock cycles later.
// Latency: CYCLES. Data is never reset, so that vendors' tools may use shift-register LUTs.
`default_nettype none

module fwgen_delay #(
    parameter integer WIDTH  = 8,  // bits, at least 1
    parameter integer CYCLES = 1   // at least 1
) (
    input  wire             clk_i,
    input  wire [WIDTH-1:0] data_i,
    output wire [WIDTH-1:0] data_o
);
    generate
        if (CYCLES < 1 || WIDTH < 1) begin : g_check
            fwgen_delay_needs_at_least_one_cycle_and_one_bit stop_elaboration ();
        end
    endgenerate

    reg [WIDTH-1:0] stage_q [0:CYCLES-1];
    integer i;

    always @(posedge clk_i) begin
        stage_q[0] <= data_i;
        for (i = 1; i < CYCLES; i = i + 1) stage_q[i] <= stage_q[i-1];
    end

    assign data_o = stage_q[CYCLES-1];
endmodule

`default_nettype wire
