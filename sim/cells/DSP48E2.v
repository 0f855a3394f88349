// SPDX-License-Identifier: Apache-2.0
//
// The part of AMD's DSP48E2 (UG579) that Yosys 0.70 uses: P = A[26:0] * B, signed, without any
// register. Yosys brings no model of its own for simulation. Any other use stops elaboration or
// simulation rather than give a wrong result. Latency: none.
`default_nettype none

module DSP48E2 #(
    parameter integer ACASCREG      = 1,
    parameter integer ADREG         = 1,
    parameter integer ALUMODEREG    = 1,
    parameter         AMULTSEL      = "A",
    parameter integer AREG          = 1,
    parameter         A_INPUT       = "DIRECT",
    parameter integer BCASCREG      = 1,
    parameter         BMULTSEL      = "B",
    parameter integer BREG          = 1,
    parameter         B_INPUT       = "DIRECT",
    parameter integer CARRYINREG    = 1,
    parameter integer CARRYINSELREG = 1,
    parameter integer CREG          = 1,
    parameter integer DREG          = 1,
    parameter integer INMODEREG     = 1,
    parameter integer MREG          = 1,
    parameter integer OPMODEREG     = 1,
    parameter integer PREG          = 1,
    parameter         USE_MULT      = "MULTIPLY",
    parameter         USE_SIMD      = "ONE48"
) (
    input  wire [29:0] A,
    input  wire [29:0] ACIN,
    input  wire [ 3:0] ALUMODE,
    input  wire [17:0] B,
    input  wire [17:0] BCIN,
    input  wire [47:0] C,
    input  wire        CARRYIN,
    input  wire [ 2:0] CARRYINSEL,
    input  wire [26:0] D,
    input  wire [ 4:0] INMODE,
    input  wire [ 8:0] OPMODE,
    input  wire [47:0] PCIN,
    output wire [47:0] P
);
    generate
        if (ACASCREG + ADREG + ALUMODEREG + AREG + BCASCREG + BREG + CARRYINREG + CARRYINSELREG
            + CREG + DREG + INMODEREG + MREG + OPMODEREG + PREG != 0) begin : g_registers
            fwgen_has_no_model_of_a_DSP48E2_with_registers stop_elaboration ();
        end
        if (USE_MULT != "MULTIPLY" || USE_SIMD != "ONE48" || AMULTSEL != "A" || BMULTSEL != "B"
            || A_INPUT != "DIRECT" || B_INPUT != "DIRECT") begin : g_use
            fwgen_has_no_model_of_this_use_of_a_DSP48E2 stop_elaboration ();
        end
    endgenerate

    wire signed [26:0] a = A[26:0];
    wire signed [17:0] b = B;
    wire signed [44:0] product = a * b;
    assign P = {{3{product[44]}}, product};

    // anything but a plain multiplication
    wire other = OPMODE != 9'h005 || ALUMODE != 4'h0 || INMODE != 5'h00 || CARRYIN;
    always @(posedge other) $stop;

    wire unused = &{1'b0, A[29:27], ACIN, BCIN, C, CARRYINSEL, D, PCIN};
endmodule

`default_nettype wire
