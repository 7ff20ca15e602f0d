"""What runs the course, out of a learner's sight: commands, set-up, doctor, downloads, benchmark."""
