"""Statistics of one variant and of a whole sweep: plain arrays in, plain numbers out."""
