// SPDX-License-Identifier: Apache-2.0
//
// Keeps largest values: element n of data_o is the largest element n of all vectors since, and
// including, those of the cycle with first_i. Each cycle brings LANES vectors; in the cycle with
// last_i only the first ENDING of them count.
// Latency: 1. Right from any power-up state, since first_i starts anew.
`default_nettype none

module fwgen_maximum #(
    parameter integer COUNT  = 1,  // elements, at least 1
    parameter integer WIDTH  = 8,  // bits of an element, at least 1
    parameter integer LANES  = 1,  // at least 1
    parameter integer ENDING = 1,  // 1 to LANES
    parameter integer SIGNED = 1   // 1 for two's complement, else 0
) (
    input  wire                         clk_i,
    input  wire                         first_i,
    input  wire                         last_i,
    input  wire [LANES*COUNT*WIDTH-1:0] data_i,
    output wire [COUNT*WIDTH-1:0]       data_o
);
    genvar n, lane;
    generate
        if (COUNT < 1 || WIDTH < 1 || LANES < 1 || ENDING < 1 || ENDING > LANES ||
            SIGNED < 0 || SIGNED > 1) begin : g_check
            fwgen_maximum_parameters_do_not_fit stop_elaboration ();
        end
        for (n = 0; n < COUNT; n = n + 1) begin : g_element
            reg  [WIDTH-1:0] largest_q;
            wire [WIDTH-1:0] largest [0:LANES];

            assign largest[0] = largest_q;
            for (lane = 0; lane < LANES; lane = lane + 1) begin : g_lane
                wire [WIDTH-1:0] value = data_i[(lane*COUNT+n)*WIDTH+:WIDTH];
                wire             larger;
                wire             anew = first_i & (lane == 0);
                wire             idle = last_i & (lane >= ENDING);

                if (SIGNED != 0) begin : g_signed
                    assign larger = $signed(value) > $signed(largest[lane]);
                end else begin : g_unsigned
                    assign larger = value > largest[lane];
                end

                assign largest[lane+1] = (anew | (larger & ~idle)) ? value : largest[lane];
            end

            always @(posedge clk_i) largest_q <= largest[LANES];

            assign data_o[n*WIDTH+:WIDTH] = largest_q;
        end
    endgenerate
endmodule

`default_nettype wire
