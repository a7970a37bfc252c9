"""Declarative configuration for Qualys CyberSecurity Asset Management."""

__version__ = "0.1.0"
