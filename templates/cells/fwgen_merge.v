// SPDX-License-Identifier: Apache-2.0
//
// The value of that copy whose event is due: data_o is the data of the copy whose bit of due_i was
// high in the cycle before, where no other was, or of the first copy, which needs no bit. The copy's
// number is kept as few bits, so that up to four copies are one LUT a bit. Right from any power-up
// state, since due_i says it anew.
`default_nettype none

module fwgen_merge #(
    parameter integer WIDTH  = 8,  // bits, at least 1
    parameter integer COPIES = 2   // at least 2
) (
    input  wire                    clk_i,
    input  wire [COPIES-1:1]       due_i,
    input  wire [COPIES*WIDTH-1:0] data_i,
    output wire [WIDTH-1:0]        data_o
);
    localparam integer BITS = $clog2(COPIES);

    reg [BITS-1:0] copy_q;  // the number of the copy

    genvar bits, c;
    generate
        if (COPIES < 2 || WIDTH < 1) begin : g_check
            fwgen_merge_needs_at_least_two_copies_and_one_bit stop_elaboration ();
        end
        for (bits = 0; bits < BITS; bits = bits + 1) begin : g_number
            wire [COPIES-1:1] with_bit;

            for (c = 1; c < COPIES; c = c + 1) begin : g_copy
                if ((c >> bits) % 2 == 1) begin : g_with
                    assign with_bit[c] = due_i[c];
                end else begin : g_without
                    assign with_bit[c] = 1'b0;
                end
            end

            always @(posedge clk_i) copy_q[bits] <= |with_bit;
        end

        // what is left where the lowest bits of the number have decided
        for (bits = 0; bits <= BITS; bits = bits + 1) begin : g_decided
            localparam integer LEFT = ((COPIES - 1) >> bits) + 1;

            wire [LEFT*WIDTH-1:0] data;

            if (bits == 0) begin : g_all
                assign data = data_i;
            end else begin : g_some
                localparam integer BEFORE = ((COPIES - 1) >> (bits - 1)) + 1;

                for (c = 0; c < LEFT; c = c + 1) begin : g_pair
                    if (2 * c + 1 < BEFORE) begin : g_two
                        assign data[c*WIDTH+:WIDTH] = copy_q[bits-1] ?
                            g_decided[bits-1].data[(2*c+1)*WIDTH+:WIDTH] :
                            g_decided[bits-1].data[2*c*WIDTH+:WIDTH];
                    end else begin : g_one
                        assign data[c*WIDTH+:WIDTH] = g_decided[bits-1].data[2*c*WIDTH+:WIDTH];
                    end
                end
            end
        end
    endgenerate

    assign data_o = g_decided[BITS].data;
endmodule

`default_nettype wire
