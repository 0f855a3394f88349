// SPDX-License-Identifier: Apache-2.0
//
// Event control: takes events and says where each one is.
// An event is taken at a rising edge with valid_i and ready_o high and rst_i low. at_o[k] is high
// in the k-th cycle after that edge (k = 0: the cycle right after it). ready_o is low for
// INTERVAL - 1 cycles after an event is taken. rst_i forgets all events under way; these are the
// only registers of the firmware that a reset clears.
`default_nettype none

module fwgen_events #(
    parameter integer INTERVAL = 1,  // smallest number of cycles between events, at least 1
    parameter integer LAST     = 1   // highest index of at_o, at least INTERVAL - 1 and at least 1
) (
    input  wire          clk_i,
    input  wire          rst_i,
    input  wire          valid_i,
    output wire          ready_o,
    output wire [LAST:0] at_o
);
    reg [LAST:0] at_q;

    generate
        if (INTERVAL < 1 || LAST < 1 || LAST < INTERVAL - 1) begin : g_check
            fwgen_events_parameters_do_not_fit stop_elaboration ();
        end
        if (INTERVAL > 1) begin : g_busy
            assign ready_o = ~(|at_q[INTERVAL-2:0]);
        end else begin : g_free
            assign ready_o = 1'b1;
        end
    endgenerate

    always @(posedge clk_i) begin
        if (rst_i) at_q <= {(LAST + 1) {1'b0}};
        else at_q <= {at_q[LAST-1:0], valid_i & ready_o};
    end

    assign at_o = at_q;
endmodule

`default_nettype wire
