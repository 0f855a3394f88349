// SPDX-License-Identifier: Apache-2.0
//
// Event control: takes events and says where each one is.
// An event is taken at a rising edge with valid_i and ready_o high and rst_i low. at_o[k] is high
// in the k-th cycle after that edge (k = 0: the cycle right after it). ready_o is low for
// INTERVAL - 1 cycles after an event is taken. rst_i forgets all events under way; these are the
// only registers of the firmware that a reset clears.
// COPIES of the spiking layers take events in turn: of_o[c*(LAST+1)+k] is at_o[k] where copy c
// has the event.
`default_nettype none

module fwgen_events #(
    parameter integer INTERVAL = 1,  // smallest number of cycles between events, at least 1
    parameter integer LAST     = 1,  // highest index of at_o, at least INTERVAL - 1 and at least 1
    parameter integer COPIES   = 1   // at least 1
) (
    input  wire                       clk_i,
    input  wire                       rst_i,
    input  wire                       valid_i,
    output wire                       ready_o,
    output wire [LAST:0]              at_o,
    output wire [COPIES*(LAST+1)-1:0] of_o
);
    reg [LAST:0] at_q;
    wire         taken = valid_i & ready_o;

    generate
        if (INTERVAL < 1 || LAST < 1 || LAST < INTERVAL - 1 || COPIES < 1) begin : g_check
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
        else at_q <= {at_q[LAST-1:0], taken};
    end

    assign at_o = at_q;

    genvar c;
    generate
        if (COPIES > 1) begin : g_turns
            reg [COPIES-1:0] turn_q;  // whose turn it is, one of them

            always @(posedge clk_i) begin
                if (rst_i) turn_q <= {{(COPIES - 1) {1'b0}}, 1'b1};
                else if (taken) turn_q <= {turn_q[COPIES-2:0], turn_q[COPIES-1]};
            end

            for (c = 0; c < COPIES; c = c + 1) begin : g_copy
                reg [LAST:0] of_q;

                always @(posedge clk_i) begin
                    if (rst_i) of_q <= {(LAST + 1) {1'b0}};
                    else of_q <= {of_q[LAST-1:0], taken & turn_q[c]};
                end

                assign of_o[c*(LAST+1)+:LAST+1] = of_q;
            end
        end else begin : g_alone
            assign of_o = at_q;
        end
    endgenerate
endmodule

`default_nettype wire
