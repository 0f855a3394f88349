// SPDX-License-Identifier: Apache-2.0
//
// For Yosys' techmap: every addition and subtraction becomes one carry chain. Yosys itself would
// join sums of several terms into carry-save arrays, which neither Vivado nor a carry chain does:
// 7 % more LUTs on models/snn_ae.
(* techmap_celltype = "$add $sub" *)
module fwgen_adder (
    A,
    B,
    Y
);
    parameter _TECHMAP_CELLTYPE_ = "";
    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;

    input  [A_WIDTH-1:0] A;
    input  [B_WIDTH-1:0] B;
    output [Y_WIDTH-1:0] Y;

    localparam SUBTRACT = _TECHMAP_CELLTYPE_ == "$sub";
    wire [Y_WIDTH-1:0] propagate, carry;

    \$alu #(
        .A_SIGNED(A_SIGNED),
        .B_SIGNED(B_SIGNED),
        .A_WIDTH(A_WIDTH),
        .B_WIDTH(B_WIDTH),
        .Y_WIDTH(Y_WIDTH)
    ) _TECHMAP_REPLACE_ (
        .A(A),
        .B(B),
        .BI(SUBTRACT),
        .CI(SUBTRACT),
        .X(propagate),
        .Y(Y),
        .CO(carry)
    );
endmodule
