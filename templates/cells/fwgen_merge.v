// SPDX-License-Identifier: Apache-2.0
//
// The value of that copy whose event is due: data_o is the data of the copy with due_i. At most one
// bit of due_i is high; where none is, data_o is 0. No registers.
`default_nettype none

module fwgen_merge #(
    parameter integer WIDTH  = 8,  // bits, at least 1
    parameter integer COPIES = 2
) (
    input  wire [COPIES-1:0]       due_i,
    input  wire [COPIES*WIDTH-1:0] data_i,
    output wire [WIDTH-1:0]        data_o
);
    wire [WIDTH-1:0] some [0:COPIES];
    genvar c;

    assign some[0] = {WIDTH{1'b0}};
    generate
        for (c = 0; c < COPIES; c = c + 1) begin : g_copy
            assign some[c+1] = some[c] | (data_i[c*WIDTH+:WIDTH] & {WIDTH{due_i[c]}});
        end
    endgenerate

    assign data_o = some[COPIES];
endmodule

`default_nettype wire
