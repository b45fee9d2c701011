"""Kinds of picture that captions of photographs do not name: drawn, or made of photographs, to train on."""
