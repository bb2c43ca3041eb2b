"""One run of a function, noted on a tape: arrays, numbers and random draws that write down what is called on them."""
