// A small top with everything that a generated one has: two inputs, one of them wide, three
// outputs, state, latency 6, one event every 3 cycles.
//
//   wide_o[k]  = x_i[k] + y_i               k = 0..2, 40 bits, signed
//   total_o    = x_i[0] + x_i[1] + x_i[2]   41 bits, signed
//   flag_o     = total_o < 0
`default_nettype none
module dut (
    input  wire         clk_i,
    input  wire         rst_i,
    input  wire         valid_i,
    output wire         ready_o,
    output wire         valid_o,
    input  wire [116:0] x_i,
    input  wire [ 10:0] y_i,
    output wire [119:0] wide_o,
    output wire [ 40:0] total_o,
    output wire         flag_o
);

    // Cycles until the next event may be taken.
    reg  [1:0] busy_q;
    wire       take = valid_i && ready_o;
    assign ready_o = busy_q == 2'd0;
    always @(posedge clk_i) begin
        if (rst_i) busy_q <= 2'd0;
        else if (take) busy_q <= 2'd2;
        else if (!ready_o) busy_q <= busy_q - 2'd1;
    end

    reg [5:0] valid_q;
    assign valid_o = valid_q[5];
    always @(posedge clk_i) begin
        if (rst_i) valid_q <= 6'd0;
        else valid_q <= {valid_q[4:0], take};
    end

    // One adder and one accumulator work through the elements, one a cycle.
    reg                first_q;
    reg        [116:0] x_q;
    reg signed [ 10:0] y_q;
    wire signed [38:0] x_now = x_q[38:0];
    wire signed [39:0] sum = {x_now[38], x_now} + {{29{y_q[10]}}, y_q};
    reg        [119:0] wide_q;
    reg signed [ 40:0] total_q;
    wire signed [40:0] old = first_q ? 41'sd0 : total_q;
    always @(posedge clk_i) begin
        first_q <= take;
        x_q     <= take ? x_i : {x_q[38:0], x_q[116:39]};
        if (take) y_q <= y_i;
        wide_q  <= {sum, wide_q[119:40]};
        total_q <= old + {{2{x_now[38]}}, x_now};
    end

    // Complete at the third cycle; two registers on the way out.
    reg [119:0] wide_q1, wide_q2;
    reg [ 40:0] total_q1, total_q2;
    always @(posedge clk_i) begin
        wide_q1  <= wide_q;
        wide_q2  <= wide_q1;
        total_q1 <= total_q;
        total_q2 <= total_q1;
    end
    assign wide_o  = wide_q2;
    assign total_o = total_q2;
    assign flag_o  = total_q2[40];

endmodule
`default_nettype wire
