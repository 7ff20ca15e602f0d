"""Behind the scenes: commands, setup, a doctor that finds what is wrong, downloads, and a benchmark."""
