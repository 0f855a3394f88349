// SPDX-License-Identifier: Apache-2.0
//
// Finds first ones: index_o[n] is the number of vectors before the first whose bit n is 1, from,
// and including, the first of the cycle with first_i; the number of all vectors so far if there was
// none. Each cycle brings LANES vectors of bits; in the cycle with last_i only the first ENDING of
// them count, and behind its result index_o means nothing until the next first_i.
// Latency: 1. Right from any power-up state, since first_i starts anew.
`default_nettype none

module fwgen_first #(
    parameter integer COUNT  = 1,  // elements, at least 1
    parameter integer WIDTH  = 4,  // bits of each index, at least 1; the caller makes it wide enough
    parameter integer LANES  = 1,  // at least 1
    parameter integer ENDING = 1   // 1 to LANES
) (
    input  wire                   clk_i,
    input  wire                   first_i,
    input  wire                   last_i,
    input  wire [LANES*COUNT-1:0] bit_i,
    output wire [COUNT*WIDTH-1:0] index_o
);
    genvar n, lane;
    generate
        if (COUNT < 1 || WIDTH < 1 || LANES < 1 || ENDING < 1 || ENDING > LANES) begin : g_check
            fwgen_first_parameters_do_not_fit stop_elaboration ();
        end
        for (n = 0; n < COUNT; n = n + 1) begin : g_counter
            reg  [WIDTH-1:0] index_q;
            reg              seen_q;
            wire [WIDTH-1:0] sum  [0:LANES];
            wire [LANES:0]   seen;

            assign sum[0]  = first_i ? {WIDTH{1'b0}} : index_q;
            assign seen[0] = ~first_i & seen_q;
            for (lane = 0; lane < LANES; lane = lane + 1) begin : g_lane
                wire           counts = ~seen[lane+1] & ~(last_i & (lane >= ENDING));
                wire [WIDTH:0] more   = {1'b0, sum[lane]} + {{WIDTH{1'b0}}, counts};
                wire           unused = more[WIDTH];

                assign seen[lane+1] = seen[lane] | bit_i[lane*COUNT+n];
                assign sum[lane+1]  = more[WIDTH-1:0];
            end

            always @(posedge clk_i) begin
                index_q <= sum[LANES];
                seen_q  <= seen[LANES];
            end

            assign index_o[n*WIDTH+:WIDTH] = index_q;
        end
    endgenerate
endmodule

`default_nettype wire
