"""What all importers of spiking networks share."""
