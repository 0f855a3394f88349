// SPDX-License-Identifier: Apache-2.0
//
// Counts ones: count_o[n] is the number of ones of element n since, and including, the cycle with
// first_i. Each cycle brings LANES vectors of bits; in the cycle with last_i only the first ENDING
// of them count. Latency: 1. Right from any power-up state, since first_i starts anew.
`default_nettype none

module fwgen_count #(
    parameter integer COUNT  = 1,  // elements, at least 1
    parameter integer WIDTH  = 4,  // bits of each counter, at least 1; the caller makes it wide enough
    parameter integer LANES  = 1,  // at least 1
    parameter integer ENDING = 1   // 1 to LANES
) (
    input  wire                   clk_i,
    input  wire                   first_i,
    input  wire                   last_i,
    input  wire [LANES*COUNT-1:0] bit_i,
    output wire [COUNT*WIDTH-1:0] count_o
);
    genvar n, lane;
    generate
        if (COUNT < 1 || WIDTH < 1 || LANES < 1 || ENDING < 1 || ENDING > LANES) begin : g_check
            fwgen_count_parameters_do_not_fit stop_elaboration ();
        end
        for (n = 0; n < COUNT; n = n + 1) begin : g_counter
            reg  [WIDTH-1:0] count_q;
            wire [WIDTH-1:0] sum [0:LANES];

            assign sum[0] = first_i ? {WIDTH{1'b0}} : count_q;
            for (lane = 0; lane < LANES; lane = lane + 1) begin : g_lane
                wire counts = bit_i[lane*COUNT+n] & ~(last_i & (lane >= ENDING));
                wire [WIDTH:0] more   = {1'b0, sum[lane]} + {{WIDTH{1'b0}}, counts};
                wire           unused = more[WIDTH];

                assign sum[lane+1] = more[WIDTH-1:0];
            end

            always @(posedge clk_i) count_q <= sum[LANES];

            assign count_o[n*WIDTH+:WIDTH] = count_q;
        end
    endgenerate
endmodule

`default_nettype wire
