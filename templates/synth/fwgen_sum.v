// SPDX-License-Identifier: Apache-2.0
//
// templates/cells/fwgen_sum.v for Yosys, which makes two carry chains of a sum of three terms,
// or a carry-save array: its own cell for additions has a carry input.
module fwgen_sum #(
    parameter integer WIDTH = 8
) (
    input  wire [WIDTH-1:0] a_i,
    input  wire [WIDTH-1:0] b_i,
    input  wire             carry_i,
    output wire [WIDTH-1:0] sum_o
);
    wire [WIDTH-1:0] propagate, carry;

    \$alu #(
        .A_SIGNED(0),
        .B_SIGNED(0),
        .A_WIDTH(WIDTH),
        .B_WIDTH(WIDTH),
        .Y_WIDTH(WIDTH)
    ) sum (
        .A(a_i),
        .B(b_i),
        .BI(1'b0),
        .CI(carry_i),
        .X(propagate),
        .Y(sum_o),
        .CO(carry)
    );
endmodule
