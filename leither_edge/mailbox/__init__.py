"""Floor 4: signed commands and answers that travel through the DHT, sealed to the one they are for."""
