"""Write tests: the objects that the kit creates, their lifecycle and their clean-up."""
