"""The live view: the page of a bundle, with every tile drawn when it is asked for."""
