"""What the recorded tests did, call by call; a module for each part of a service."""
