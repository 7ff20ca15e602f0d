"""Behind the scenes: commands, setup, a doctor that finds what is wrong, and downloads."""
