// SPDX-License-Identifier: Apache-2.0
//
// Turns indices of steps into spikes: element n of step_i is the index, from 0, of the step in which
// bit n of a vector of spike_o is 1. The first step is in the cycle after load_i; each cycle shows
// LANES steps, the earliest in the lowest bits. An index beyond the last step has no spike as long
// as it, and the number of steps, are at most 2**WIDTH. Right from any power-up state, since load_i
// starts anew.
`default_nettype none

module fwgen_latency #(
    parameter integer COUNT = 1,  // elements, at least 1
    parameter integer WIDTH = 4,  // bits of each index, 1 to 32
    parameter integer LANES = 1   // at least 1
) (
    input  wire                   clk_i,
    input  wire                   load_i,
    input  wire [COUNT*WIDTH-1:0] step_i,
    output wire [LANES*COUNT-1:0] spike_o
);
    localparam [31:0] LANES_BITS = LANES;

    reg [COUNT*WIDTH-1:0] step_q;

    always @(posedge clk_i) if (load_i) step_q <= step_i;

    genvar n, lane;
    generate
        if (COUNT < 1 || WIDTH < 1 || WIDTH > 32 || LANES < 1) begin : g_check
            fwgen_latency_parameters_do_not_fit stop_elaboration ();
        end
        for (lane = 0; lane < LANES; lane = lane + 1) begin : g_lane
            localparam [31:0] LANE_BITS = lane;

            reg [WIDTH-1:0] now_q;  // the lane's step

            always @(posedge clk_i) begin
                now_q <= load_i ? LANE_BITS[WIDTH-1:0] : now_q + LANES_BITS[WIDTH-1:0];
            end

            for (n = 0; n < COUNT; n = n + 1) begin : g_element
                assign spike_o[lane*COUNT+n] = step_q[n*WIDTH+:WIDTH] == now_q;
            end
        end
    endgenerate
endmodule

`default_nettype wire
