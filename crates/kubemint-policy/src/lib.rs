//! May they: a Cedar policy set behind the domain's policy port.
