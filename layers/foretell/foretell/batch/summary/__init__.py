"""What a run tells of its customers together: counted part by part, told once."""
