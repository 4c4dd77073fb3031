"""What is told of a run: live while it goes, and after it on the terminal, as JUnit and as JSON, from one document."""
