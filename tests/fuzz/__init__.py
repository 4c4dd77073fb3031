"""Bad input: what is read of files, of the stack and of people, given broken. Every reader refuses with words of ours, or reads on."""
